// Copies the value beside a button. Where the browser has no clipboard for us, it selects it.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copies]");
  if (!button) return;
  const value = document.getElementById(button.dataset.copies);
  const told = document.getElementById("told");
  const range = document.createRange();
  range.selectNodeContents(value);
  const chosen = window.getSelection();
  chosen.removeAllRanges();
  chosen.addRange(range);
  try {
    await navigator.clipboard.writeText(value.textContent);
    told.textContent = `Copied: ${button.dataset.label}`;
    button.textContent = "Copied";
  } catch {
    told.textContent = `Selected: ${button.dataset.label}. Press Ctrl+C to copy it.`;
  }
});

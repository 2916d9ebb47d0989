// What node-x12 (MIT) reads of X12 files, strictly: `node node_x12.cjs MODULES FILE...` prints JSON,
// a file's segments or its error.
const fs = require("fs");
const path = require("path");

const { X12Parser } = require(path.join(process.argv[2], "node-x12"));

const plain = (segment) => [segment.tag, ...segment.elements.map((one) => one.value)];

const read = (file) => {
  const text = fs.readFileSync(file, "latin1").replace(/~\n/g, "~");
  const interchange = new X12Parser(true).parse(text);
  const segments = [plain(interchange.header)];
  for (const group of interchange.functionalGroups) {
    segments.push(plain(group.header));
    for (const set of group.transactions) {
      segments.push(plain(set.header), ...set.segments.map(plain), plain(set.trailer));
    }
    segments.push(plain(group.trailer));
  }
  segments.push(plain(interchange.trailer));
  return segments;
};

const found = {};
for (const file of process.argv.slice(3)) {
  try {
    found[file] = { segments: read(file) };
  } catch (error) {
    found[file] = { error: error.message };
  }
}
process.stdout.write(JSON.stringify(found));

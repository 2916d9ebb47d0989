#!/usr/bin/env bash
# Builds the container image without a container daemon and runs the demo in it (root, Debian 12).
# Where no image registry is reachable, a debootstrap tree stands in for the official base image.
set -euo pipefail
cd "$(dirname "$0")/.."

image=${IMAGE:-localhost/progress-connector}
base=${BASE:-localhost/debian-base}
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
# The build may need this machine's own package settings (mirror, certificates); they are mounted
# for the build only and do not become part of the image.
mounts=()
for path in "$HOME/.config/pip" /opt/wheels /etc/apt/apt.conf.d /etc/apt/auth.conf.d; do
  [ -e "$path" ] && mounts+=(--volume "$path:$path:ro")
done
certificates=/etc/ssl/certs/ca-certificates.crt
if [ -e "$certificates" ]; then
  mounts+=(--volume "$certificates:/run/host-certificates.crt:ro" --build-arg PIP_CERT=/run/host-certificates.crt)
fi

need=()
for package in buildah debootstrap crun; do
  dpkg-query -W "$package" >/dev/null 2>&1 || need+=("$package")
done
if [ "${#need[@]}" -gt 0 ]; then
  apt-get update -qq && apt-get install -y -qq --no-install-recommends "${need[@]}" >/dev/null
fi

if [ "$base" = localhost/debian-base ] && ! buildah inspect --type image "$base" >/dev/null 2>&1; then
  tree=$(mktemp -d)
  trap 'rm -rf "$tree"' EXIT
  configured=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources 2>/dev/null || true)
  mirror=${MIRROR:-$(awk '/^(deb|URIs:)/ {for (i = 2; i <= NF; i++) if ($i ~ /:\/\//) {print $i; exit}}' <<<"$configured")}
  debootstrap --variant=minbase bookworm "$tree" "$mirror" >/dev/null
  tar -C "$tree" -cf "$tree.tar" .
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$tree.tar" / >/dev/null
  rm -f "$tree.tar"
  buildah commit --quiet "$container" "$base" >/dev/null
  buildah rm "$container" >/dev/null
fi

buildah build --quiet --network host "${mounts[@]}" --build-arg "BASE=$base" --tag "$image" .

container=$(buildah from "$image")
buildah images --format 'Image {{.Name}}: {{.Size}}' "$image"
buildah run --isolation chroot "$container" -- connector demo /tmp/demo-site
buildah run --isolation chroot "$container" -- sh -c 'test "$(id -u)" != 0 && ! command -v gcc cc make'
echo "The demo ran in the image as user $(buildah run --isolation chroot "$container" -- id -un), without a compiler in it."
buildah rm "$container" >/dev/null

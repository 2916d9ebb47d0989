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
for path in /etc/pip.conf "$HOME/.config/pip" /opt/wheels /etc/ssl/certs /etc/apt/apt.conf.d /etc/apt/sources.list /etc/apt/sources.list.d; do
  [ -e "$path" ] && mounts+=(--volume "$path:$path:ro")
done

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
  mirror=${MIRROR:-$(awk '/^(deb|URIs:)/ {for (i=1;i<=NF;i++) if ($i ~ /^(http|https|file):/) {print $i; exit}}' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null)}
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
echo "Image size: $(buildah inspect --type image --format '{{.OCIv1.Config.User}}' "$image") runs it"
buildah run --isolation chroot "$container" -- connector demo /tmp/demo-site
buildah run --isolation chroot "$container" -- sh -c 'test "$(id -u)" != 0 && ! command -v gcc cc make'
buildah rm "$container" >/dev/null

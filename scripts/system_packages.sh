#!/usr/bin/env bash
# Makes sure Debian's packages are there: `run` for the product, `test` for the tests besides.
# As root it installs what is missing; otherwise it says what is missing and stops.
set -euo pipefail

run_packages=(python3-venv libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0)
test_packages=(poppler-utils postgresql nodejs npm openssh-server)

case "${1:-run}" in
  run) wanted=("${run_packages[@]}") ;;
  test) wanted=("${test_packages[@]}") ;;
  *) echo "usage: $0 run|test" >&2; exit 2 ;;
esac

missing=()
for package in "${wanted[@]}"; do
  # A Python that is not Debian's brings its own venv module.
  if [ "$package" = python3-venv ] && "${PYTHON:-python3}" -c 'import ensurepip, venv' 2>/dev/null; then
    continue
  fi
  # So may a Node, with its own npm.
  if [[ $package == nodejs || $package == npm ]] && command -v node >/dev/null && command -v npm >/dev/null; then
    continue
  fi
  state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing+=("$package")
done
[ "${#missing[@]}" -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
  echo "These system packages are missing: ${missing[*]}" >&2
  echo "Install them as root: apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi
echo "Installing system packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null

# Sourced by demo.sh and tests/run.sh: makes sure that the packages Qiln builds with are there.
qiln_packages="g++ cmake ninja-build pkg-config llvm-19-dev libboost1.81-dev libeigen3-dev libfmt-dev nlohmann-json3-dev libcli11-dev catch2 zlib1g-dev libpng-dev"
# Newer releases ship another Boost; any from 1.81 on will do.
if ! apt-cache show libboost1.81-dev >/dev/null 2>&1; then
  newer=$(apt-cache search --names-only '^libboost1\.[0-9]+-dev$' 2>/dev/null | awk '{print $1}' | sort -V | tail -n 1)
  [ -n "$newer" ] && [ "$(printf '%s\n' libboost1.81-dev "$newer" | sort -V | head -n 1)" = libboost1.81-dev ] &&
    qiln_packages=${qiln_packages/libboost1.81-dev/$newer}
fi
qiln_missing=""
for package in $qiln_packages; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || qiln_missing="$qiln_missing $package"
done
if [ -n "$qiln_missing" ]; then
  if [ "$(id -u)" = 0 ]; then qiln_sudo=""
  elif sudo -n true 2>/dev/null; then qiln_sudo="sudo"
  else
    echo "These packages are missing. Install them and start again:" >&2
    echo "  sudo apt-get install -y$qiln_missing" >&2
    exit 2
  fi
  echo "installing:$qiln_missing"
  $qiln_sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $qiln_sudo apt-get install -y -qq $qiln_missing >/dev/null
fi

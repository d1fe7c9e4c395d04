# Sourced by demo.sh and tests/run.sh: makes sure that the packages Qiln builds with are there, or says which are not.
qiln_packages="g++ cmake ninja-build llvm-19-dev libeigen3-dev libfmt-dev nlohmann-json3-dev libcli11-dev catch2 zlib1g-dev libzstd-dev libpng-dev libcurl4-openssl-dev"
qiln_missing=""
for package in $qiln_packages; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || qiln_missing="$qiln_missing $package"
done
# Any Boost from 1.81 on will do; Debian 12 has it beside its default.
qiln_boost=$(sed -n 's/^#define BOOST_VERSION \([0-9]*\).*/\1/p' /usr/include/boost/version.hpp 2>/dev/null || true)
[ "${qiln_boost:-0}" -ge 108100 ] || qiln_missing="$qiln_missing boost"
if [ -n "$qiln_missing" ]; then
  if [ "$(id -u)" = 0 ]; then qiln_sudo=""
  elif sudo -n true 2>/dev/null; then qiln_sudo="sudo"
  else qiln_sudo="none"
  fi
  [ "$qiln_sudo" = none ] || $qiln_sudo apt-get update -qq
  qiln_boost_package=libboost-dev
  if apt-cache show libboost1.81-dev >/dev/null 2>&1; then qiln_boost_package=libboost1.81-dev; fi
  qiln_missing=${qiln_missing/ boost/ $qiln_boost_package}
  if [ "$qiln_sudo" = none ]; then
    echo "These packages are missing. Install them and start again:" >&2
    echo "  sudo apt-get update && sudo apt-get install -y$qiln_missing" >&2
    exit 2
  fi
  echo "installing:$qiln_missing"
  DEBIAN_FRONTEND=noninteractive $qiln_sudo apt-get install -y -qq --no-install-recommends $qiln_missing >/dev/null
fi

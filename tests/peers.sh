#!/bin/sh
# peers.sh DIR PACKAGE...: unpacks Debian packages with what they need into DIR and writes a wrapper for each
# program into DIR/bin. Nothing is installed, no service starts.
set -eu
dir=$1
shift
command -v apt-get >/dev/null || exit 1
mkdir -p "$dir/debs/partial" "$dir/root" "$dir/bin"
apt-get update -qq >/dev/null 2>&1 || true
stable=
for package in "$@"; do
    [ "$package" = docker-cli ] || stable="$stable $package"
done
# shellcheck disable=SC2086 # a list of package names
[ -z "$stable" ] || apt-get install -qq -y --download-only --reinstall --no-install-recommends \
    -o Dir::Cache::archives="$dir/debs" -o APT::Sandbox::User=root $stable >/dev/null
for deb in "$dir"/debs/*.deb; do
    [ -e "$deb" ] || continue
    dpkg -x "$deb" "$dir/root"
done
rm -f "$dir"/debs/*.deb

# The docker CLI that the tests are written for is newer than what a stable release has: it comes from unstable, by lists
# of its own, and needs nothing but a C library.
case " $* " in *" docker-cli "*)
    mirror=$(sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\) .*/\2/p' /etc/apt/sources.list \
        /etc/apt/sources.list.d/* 2>/dev/null | grep -v security | head -n 1)
    newest=$dir/unstable
    mkdir -p "$newest/lists/partial" "$newest/cache"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror unstable main" >"$newest/sources.list"
    set -- -qq -o Dir::Etc::sourcelist="$newest/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State::lists="$newest/lists" -o Dir::Cache="$newest/cache" -o APT::Sandbox::User=root
    apt-get "$@" update >/dev/null
    (cd "$newest" && apt-get "$@" download docker-cli >/dev/null && dpkg -x docker-cli_*.deb "$dir/root" && rm -f docker-cli_*.deb)
    ;;
esac

libraries=$dir/root/usr/lib/$(uname -m)-linux-gnu:$dir/root/lib/$(uname -m)-linux-gnu
for program in docker dockerd docker-init docker-proxy containerd containerd-shim-runc-v2 runc crun skopeo docker-registry \
    mmdebstrap iptables; do
    for place in usr/local/bin usr/bin usr/sbin bin sbin; do
        [ -x "$dir/root/$place/$program" ] || continue
        printf '#!/bin/sh\nPATH=%s/bin:%s/root/usr/sbin:$PATH LD_LIBRARY_PATH=%s exec %s "$@"\n' \
            "$dir" "$dir" "$libraries" "$dir/root/$place/$program" >"$dir/bin/$program"
        chmod 755 "$dir/bin/$program"
        break
    done
done

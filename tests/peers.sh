#!/bin/sh
# peers.sh DIR PACKAGE...: unpacks Debian packages with what they need into DIR and writes a wrapper for each
# program into DIR/bin. Nothing is installed, no service starts.
set -eu
dir=$1
shift
command -v apt-get >/dev/null || exit 1
mkdir -p "$dir/debs/partial" "$dir/root" "$dir/bin"
apt-get update -qq >/dev/null 2>&1 || true
apt-get install -qq -y --download-only --reinstall --no-install-recommends \
    -o Dir::Cache::archives="$dir/debs" -o APT::Sandbox::User=root "$@" >/dev/null
for deb in "$dir"/debs/*.deb; do
    dpkg -x "$deb" "$dir/root"
done
rm -f "$dir"/debs/*.deb
libraries=$dir/root/usr/lib/$(uname -m)-linux-gnu
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

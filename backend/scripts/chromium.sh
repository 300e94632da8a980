#!/bin/sh
# Makes sure that the browser tests have a Chromium: installs it on Debian as root, else says how to get it.
set -eu

for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium for the browser tests ..."
    log=$(mktemp)
    if { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } > "$log" 2>&1 < /dev/null
    then rm -f "$log"; exit 0; fi
    tail -n 5 "$log" >&2
fi

echo "The browser tests need Chromium. On Debian and Ubuntu: apt-get install chromium." >&2
echo "Elsewhere install Chromium or Google Chrome so that its command is on the PATH." >&2
if [ "${CI:-}" = true ]; then exit 1; fi
echo "Until then they are left out." >&2

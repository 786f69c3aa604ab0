#!/usr/bin/env bash
# Installs the programs that the tests run besides Go: ffmpeg (which brings
# ffprobe) for footage, chromium for the pages, sqlite3 to tell litewitness of
# a log (package simulation/peers). What is there is left alone.
# Where there is no apt-get, or no right to use it, it says what to install by
# hand and ends with 1: the tests fail without these programs, they never skip.
set -euo pipefail

missing=()
command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null || missing+=(ffmpeg)
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || missing+=(chromium)
command -v sqlite3 >/dev/null || missing+=(sqlite3)
if [ "${#missing[@]}" -eq 0 ]; then
  exit 0
fi

by_hand() {
  echo "the tests need: ${missing[*]}" >&2
  echo "$1; install them by hand, for example:" >&2
  echo "  Debian, Ubuntu: sudo apt-get install ${missing[*]}" >&2
  echo "  Fedora:         sudo dnf install ${missing[*]/#ffmpeg/ffmpeg-free}" >&2
  echo "  macOS:          brew install ${missing[*]}" >&2
  exit 1
}

command -v apt-get >/dev/null || by_hand "there is no apt-get here"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null && sudo -n true 2>/dev/null || by_hand "apt-get needs root, and sudo asks for a password"
  as_root=(sudo -n)
fi

echo "installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -q >/dev/null || by_hand "apt-get update failed"
"${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null || by_hand "apt-get install failed"

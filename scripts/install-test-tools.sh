#!/usr/bin/env bash
# Installs the programs that the tests run besides Go: ffmpeg (which brings
# ffprobe) for footage, chromium for the pages, sqlite3 to tell litewitness of
# a log (package simulation/peers), softhsm2 and opensc for keys in tokens
# (package internal/pkcs11, which wants a C compiler). What is there is left alone.
# Where there is no apt-get, or no right to use it, it says what to install by
# hand and ends with 1: the tests fail without these programs, they never skip.
set -euo pipefail

missing=()
command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null || missing+=(ffmpeg)
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || missing+=(chromium)
command -v sqlite3 >/dev/null || missing+=(sqlite3)
command -v softhsm2-util >/dev/null || missing+=(softhsm2)
command -v pkcs11-tool >/dev/null || missing+=(opensc)
command -v cc >/dev/null || missing+=(gcc libc6-dev)
if [ "${#missing[@]}" -eq 0 ]; then
  exit 0
fi

by_hand() {
  echo "the tests need: ${missing[*]}" >&2
  echo "$1; install them by hand, for example:" >&2
  echo "  Debian, Ubuntu: sudo apt-get install ${missing[*]}" >&2
  fedora=("${missing[@]/#ffmpeg/ffmpeg-free}")
  fedora=("${fedora[@]/#softhsm2/softhsm}")
  echo "  Fedora:         sudo dnf install ${fedora[*]/#libc6-dev/glibc-devel}" >&2
  echo "  macOS:          brew install ${missing[*]/#softhsm2/softhsm}" >&2
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

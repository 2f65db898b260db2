#!/bin/sh
# Writes the root of a Debian to standard output, as a tar that `docker import` takes: what the reference image begins with.
# For machines that reach Debian's mirror but no registry. Needs root and debootstrap (apt install debootstrap).
#   docker/base.sh | docker import --change 'ENV LANG=C.UTF-8' - amlemu/reference-base:bookworm
set -eu

suite=${SUITE:-bookworm}
mirror=${MIRROR:-http://deb.debian.org/debian}
packages=python3,python3-venv,python3-pip,ca-certificates,runit,nginx-light,vim-tiny,nano

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
trap 'exit 130' INT TERM HUP

debootstrap --variant=minbase --include="$packages" "$suite" "$root" "$mirror" >&2
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/doc/* "$root"/usr/share/man/*
ln -s vim.tiny "$root/usr/bin/vim"
tar -C "$root" --numeric-owner -c .

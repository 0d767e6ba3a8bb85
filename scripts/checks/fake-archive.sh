# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by tests of what kernel.sh fetches: in $work an archive, a cache, and a machine whose apt knows nothing else.

unset CC LLVM KRCU_REFRESH

# --- the archive -----------------------------------------------------------------------------------

# package NAME VERSION [DEPENDS]: makes one in pool/, of what is in $work/tree
package() {
	mkdir -p "$work/tree/DEBIAN" "$work/debian/pool"
	printf '%s\n' "Package: $1" "Version: $2" 'Architecture: all' 'Maintainer: nobody' 'Description: none' \
		${3:+"Depends: $3"} >"$work/tree/DEBIAN/control"
	dpkg-deb -Znone --root-owner-group -b "$work/tree" "$work/debian/pool/$1_$2_all.deb" >/dev/null
	rm -rf "$work/tree"
}

# suite NAME DEB...: dists/NAME, with these packages, signed by nobody
suite() {
	local dir=$work/debian/dists/$1 deb list

	mkdir -p "$dir/main/binary-amd64"
	list=$dir/main/binary-amd64/Packages
	: >"$list"
	for deb in "${@:2}"; do
		dpkg-deb -f "$work/debian/$deb" >>"$list"
		printf 'Filename: %s\nSize: %s\nSHA256: %s\n\n' "$deb" "$(stat -c %s "$work/debian/$deb")" \
			"$(sha256sum <"$work/debian/$deb" | cut -d' ' -f1)" >>"$list"
	done
	printf 'Suite: %s\nCodename: %s\nDate: %s\nArchitectures: amd64\nComponents: main\nSHA256:\n %s %s %s\n' \
		"$1" "$1" "$(date -Ru)" "$(sha256sum <"$list" | cut -d' ' -f1)" "$(stat -c %s "$list")" \
		main/binary-amd64/Packages >"$dir/Release"
}

package nothing 1

# archive DEB...: Debian 12's and 13's, with these packages in the latter's backports, and ${compiler[@]} beside them
archive() {
	local name

	rm -rf "$work/debian/dists"
	suite bookworm pool/nothing_1_all.deb
	suite trixie "${compiler[@]:-pool/nothing_1_all.deb}"
	for name in trixie{-updates,-security}; do
		suite "$name" pool/nothing_1_all.deb
	done
	suite trixie-backports "$@"
}

# --- the machine -----------------------------------------------------------------------------------

# Its apt has no configuration but this.
mkdir -p "$work"/{bin,state/lists/partial,cache/archives/partial}
touch "$work/state/status"
cat >"$work/apt.conf" <<END
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State "$work/state";
Dir::State::status "$work/state/status";
Dir::Cache "$work/cache";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
END
export APT_CONFIG=$work/apt.conf

# machine RELEASE [MIRROR]
machine() {
	printf '#!/bin/sh\nprintf %%s %s\n' "$1" >"$work/bin/dpkg-query"
	echo "deb ${2:-file:$work/debian} ${3:-bookworm} main" >"$work/sources.list"
	rm -rf "$work/xdg" "$work"/state/lists/*
	mkdir -p "$work/state/lists/partial"
}

# trusting: apt believes what nobody has signed.
trusting() {
	local command

	for command in apt-get apt-cache; do
		printf '#!/bin/sh\nexec %s -o Acquire::AllowInsecureRepositories=1 -o APT::Get::AllowUnauthenticated=1 "$@"\n' \
			"$(PATH=${PATH#"$work/bin:"} command -v $command)" >"$work/bin/$command"
	done
	chmod +x "$work"/bin/*
}
careful() { rm -f "$work"/bin/apt-*; }

printf '#!/bin/sh\necho Avail; echo 9999\n' >"$work/bin/df"
machine 12.11
chmod +x "$work"/bin/*
export PATH=$work/bin:$PATH XDG_CACHE_HOME=$work/xdg

# kernel NAME: what kernel.sh says goes to $work/log
kernel() {
	local settings

	settings=$(timeout 1200 "$krcu/scripts/kernel.sh" "$1" 2>"$work/log") || return
	IMAGE='' KMAKE=''
	eval "$settings"
	[ -s "$IMAGE" ]
}

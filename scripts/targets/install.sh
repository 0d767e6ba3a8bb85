# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by krcu.sh: what a driver needs of krcu, copied into its tree, installed, or as a Debian package.
#
# Each copy has a list of its files, krcu.sha256, by which the next one tells what is krcu's.

# needed: the files, by their paths in this tree and in each copy
needed() {
	find include/krcu -type f ! -name '.*' | sort
	find module/krcu -name '*.[ch]' | sort
	printf '%s\n' scripts/Kbuild.krcu scripts/check-module.sh scripts/compile-commands.py COPYING CHANGELOG.md
}

sums() { needed | tr '\n' '\0' | xargs -0 sha256sum; }

# old_files DIR: sets old[FILE] to what was copied to DIR before
old_files() {
	local sum file

	while read -r sum file; do
		file=${file#\*}
		[[ $file == /* || $file == *..* ]] || old[$file]=$sum
	done <"$1/krcu.sha256"
}

is() { [ "$(sha256sum <"$1" | cut -d' ' -f1)" = "$2" ]; }

# put_copy DIR HINT: makes or updates a copy. HINT is what to do where nobody may write.
put_copy() {
	local to=$1 file foreign=()
	local -A old=() new=()

	if [ -L "$to" ] || [ -e "$to" ]; then
		[ -d "$to" ] && [ ! -L "$to" ] && [ -f "$to/krcu.sha256" ] ||
			die "$to is there, but is no copy of krcu (which has a list krcu.sha256): move it away"
		old_files "$to"
	fi
	while read -r file; do new[$file]=1; done < <(needed)
	for file in "${!old[@]}" "${!new[@]}"; do
		[ -e "$to/$file" ] || continue
		# A copy that was broken off has new files and the old list.
		is "$to/$file" "${old[$file]-}" || cmp -s "$to/$file" "$file" || foreign+=("$file")
	done
	((${#foreign[@]} == 0)) ||
		die "in $to these are not krcu's, or were changed there: $(printf '%s\n' "${foreign[@]}" | sort -u | paste -sd' '); move them away"

	mkdir -p "$to" 2>/dev/null && [ -w "$to" ] || die "cannot write to $to: $2"
	# A first copy that is broken off is known for what it is all the same.
	[ -f "$to/krcu.sha256" ] || sums >"$to/krcu.sha256"
	for file in "${!new[@]}"; do
		install -D -m "$([ -x "$file" ] && echo 755 || echo 644)" "$file" "$to/$file" || die "cannot write to $to: $2"
	done
	for file in "${!old[@]}"; do
		[ -n "${new[$file]-}" ] || rm -f "$to/$file"
	done
	sums >"$to/krcu.sha256"
	find "$to" -mindepth 1 -type d -empty -delete
}

version() { sed -nE 's/^#define KRCU_VERSION "(.*)"/\1/p' include/krcu/version.h; }

make_vendor() {
	local dir=${DIR:-}

	[ -n "$dir" ] || die "which driver gets a copy? give DIR=, the folder of its sources, as in make vendor DIR=../foo"
	[ -d "$dir" ] || die "there is no folder $dir: give DIR=, the folder of a driver's sources"
	[ ! "$dir" -ef . ] || die "DIR=$dir is krcu's own tree: give the folder of a driver's sources"
	put_copy "$dir/krcu" "give a DIR where you may write"
	say "$dir/krcu is krcu $(version)"
}

# Where make install puts it. Only an absolute path means the same on the next day.
prefix() {
	[[ ${PREFIX:=/usr/local} == /* ]] || die "PREFIX=$PREFIX: give an absolute path"
	[[ ${DESTDIR:-/} == /* ]] || die "DESTDIR=$DESTDIR: give an absolute path"
	share=${DESTDIR:-}${PREFIX%/}/share/krcu
	[[ ! $PREFIX =~ [[:space:]:] ]] || die "PREFIX=$PREFIX: make takes no path with a space or a colon; give another one"
}

make_install() {
	local share

	prefix
	umask 022
	put_copy "$share" "become root, or give PREFIX= or DESTDIR= where you may write"
	say "krcu $(version) is in $share"
}

make_uninstall() {
	local share file
	local -A old=()

	prefix
	[ -f "$share/krcu.sha256" ] || die "make install has put nothing in $share: give the PREFIX= and DESTDIR= that it was given"
	[ -w "$share" ] && [ -w "${share%/*}" ] || die "cannot write to $share: become root"
	old_files "$share"
	for file in "${!old[@]}" krcu.sha256; do rm -f "$share/$file"; done
	find "$share" -depth -type d -empty -delete
	[ ! -d "$share" ] || die "in $share there is something that make install has not put there; all else is gone"
	say "krcu is gone from $share"
}

# A package that every Debian can make, with dpkg alone.
make_deb() {
	local root deb doc

	command -v dpkg-deb >/dev/null || die "make deb needs dpkg-deb, which is not here: use make install, or a Debian system"
	deb=build/krcu-dev_$(version)_all.deb
	mkdir -p build
	root=$(mktemp -d) || exit
	# shellcheck disable=SC2064 # now
	trap "rm -rf '$root'" EXIT
	chmod 755 "$root"
	export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(stat -c %Y CHANGELOG.md)}
	umask 022
	put_copy "$root/usr/share/krcu" "set TMPDIR to where you may write"
	doc=$root/usr/share/doc/krcu-dev
	mkdir -p "$doc/examples" "$root/DEBIAN"
	rm "$root/usr/share/krcu/krcu.sha256" # dpkg has a list of its own
	mv "$root/usr/share/krcu/COPYING" "$doc/copyright"
	gzip -9n <"$root/usr/share/krcu/CHANGELOG.md" >"$doc/changelog.gz"
	rm "$root/usr/share/krcu/CHANGELOG.md"
	cp -r README.md docs "$doc"
	cp -r scripts/new-driver "$doc/examples/mydrv"
	mv "$doc/examples/mydrv/gitignore" "$doc/examples/mydrv/.gitignore"
	(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
	cat >"$root/DEBIAN/control" <<-END
		Package: krcu-dev
		Version: $(version)
		Architecture: all
		Maintainer: ${DEBFULLNAME:-$(id -un)} <${DEBEMAIL:-$(id -un)@$(uname -n)}>
		Section: kernel
		Priority: optional
		Installed-Size: $(du -sk "$root/usr" | cut -f1)
		Recommends: make, g++ | clang-19
		Description: RCU ownership types for Linux kernel modules in C++
		 Headers, C sources and a Kbuild fragment in /usr/share/krcu, from which a
		 kernel module with C++ objects is built. A driver to begin with, which DKMS
		 can build as well, is in /usr/share/doc/krcu-dev/examples/mydrv.
	END
	dpkg-deb --root-owner-group --build "$root" "$deb" >/dev/null
	say "$deb: apt-get install ./$deb"
}

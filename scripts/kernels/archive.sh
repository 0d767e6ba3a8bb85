# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by kernel.sh: packages of Debian's archive, by apt. It goes by the machine's own lists of packages, or, for
# another release or architecture, by lists in $cache/tmp; $apt has the options for these.
#
# $debian is the release that the kernel's packages are of, or nothing if whatever the machine has will do.

apt=() trouble=''
apt_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

apt_ready() { command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; }

# fetch DIR PACKAGE...: downloads into DIR. As root apt would warn that it cannot drop privileges.
fetch() {
	local dir=$1
	shift
	(cd "$dir" && apt-get -q "${apt[@]}" -o APT::Sandbox::User=root -o Acquire::Retries=1 \
		-o Acquire::http::Timeout=20 download "$@")
}

# Newest package whose name is REGEX, by version number in the name.
newest_package() { # PREFIX REGEX
	apt-cache "${apt[@]}" pkgnames "$1" 2>/dev/null | grep -xE "$2" | sort -V | tail -1 || true
}

# The version of PACKAGE that apt would fetch.
version_of() { # PACKAGE
	apt-cache "${apt[@]}" show --no-all-versions "$1" 2>/dev/null | sed -n 's/^Version: //p' | head -1 || true
}

# Lists of packages that are missing or too old are a matter of apt-get update, which needs root. Those of the
# cache's own have just been fetched.
apt_update() {
	local sudo=()
	((${#apt[@]} == 0)) || return 0
	((EUID == 0)) || sudo=(sudo -n)
	run "updating the package lists" "$cache/fetch.log" "${sudo[@]}" apt-get -q -o Acquire::Retries=1 \
		-o Acquire::http::Timeout=20 -o APT::Update::Error-Mode=any update
}

# What is of a certain release may be out of this machine's reach, and nothing is wrong with krcu then: the exit
# status says so.
cannot() {
	say "$name: cannot be had here: $*"
	exit 77
}

no_package() { # WHAT
	rm -rf "$cache/tmp"
	[[ -z $trouble ]] || cannot "$trouble"
	[[ -z $debian ]] || cannot "Debian $debian's archive has no $1 to download; if a newer series has taken its place," \
		"name that in kernels/$name.config (apt's own words are in $cache/fetch.log)"
	die "$name: cannot download $1, and nothing usable is in $cache; is the network up, and Debian's archive configured (apt-get update)?"
}

# Lets apt keep all that it knows in $cache/tmp/apt, and know nothing of what is installed. LINEs are for its
# configuration. Hooks that the machine has for its own lists are not for these.
own_lists() { # LINE...
	local dir=$cache/tmp/apt

	mkdir -p "$dir"/{lists,archives}/partial
	touch "$dir/status"
	{
		printf 'Dir::%s "%s";\n' State "$dir" State::status "$dir/status" Cache "$dir" \
			Etc::preferences /dev/null Etc::preferencesparts /dev/null
		printf '#clear APT::Update::%s;\n' Pre-Invoke Post-Invoke Post-Invoke-Success
		printf '%s\n' 'APT::Default-Release "";' 'APT::Sandbox::User "root";' 'Acquire::Languages "none";' "$@"
	} >"$dir/apt.conf"
	apt=(-c "$dir/apt.conf")
}

fetch_lists() {
	apt-get -q "${apt[@]}" -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o APT::Update::Error-Mode=any update
}

# The machine's release of Debian, such as 12. Other distributions number theirs differently, if at all.
machine_release() {
	dpkg-query -W -f '${Version}' base-files 2>/dev/null | sed -nE 's/^([0-9]+)(\.[0-9].*)?$/\1/p'
}

# Where the machine gets the suite of CODENAME with that SUFFIX from. It asks nobody.
mirror() { # CODENAME SUFFIX
	apt-get --print-uris update 2>/dev/null | sed -nE "s!^'(.*)/dists/($1|(old)*stable)$2/InRelease' .*!\1!p" | head -1
}

# Sees to it that apt knows the packages of the kernel's release whose names begin with PREFIX: by the machine's own
# lists where these are of that release and have such packages, or else by lists from the machine's own mirror. If that
# fails, $trouble says why, and the packages are not there.
know_packages() { # PREFIX
	local -A codenames=([12]=bookworm [13]=trixie)
	local own main security theirs log=$cache/fetch.log

	[[ -n $debian && ${#apt[@]} = 0 ]] || return 0
	own=$(machine_release)
	[[ $own != "$debian" || -z $(newest_package "$1" '.*') ]] || return 0

	theirs=${codenames[$debian]}
	main=''
	if [[ -z ${codenames[${own:-none}]:-} ]]; then
		trouble="this is neither Debian 12 nor 13, and only these know where to get $1 of Debian $debian; use one of them, say in a container"
	elif ! main=$(mirror "${codenames[$own]}" '') || [[ -z $main ]]; then
		trouble="apt's configuration names no mirror of ${codenames[$own]}, where $theirs would be, too; add it to /etc/apt/sources.list"
	elif [[ ! -s $apt_keyring ]]; then
		trouble="$apt_keyring is missing; as root: apt-get install debian-archive-keyring"
	fi
	security=$(mirror "${codenames[${own:-none}]:-none}" -security)
	own_lists "Dir::Etc::sourcelist \"$cache/tmp/apt/sources.list\";" 'Dir::Etc::sourceparts "/dev/null";'
	{
		printf "deb [signed-by=$apt_keyring] $main %s main\n" "$theirs"{,-updates,-backports}
		[[ -z $security ]] || echo "deb [signed-by=$apt_keyring] $security $theirs-security main"
	} >"$cache/tmp/apt/sources.list"
	[[ -z $trouble ]] || return 0

	run "fetching the package lists of Debian $debian" "$log" fetch_lists || {
		trouble="cannot fetch the package lists of $theirs from $main; is the network up, and has that mirror got it? $log has apt's own words"
		grep -qE 'NO_PUBKEY|Missing key|KEYSIG|BADSIG|not signed|signature' "$log" &&
			trouble="$theirs is not signed as $apt_keyring wants it; as root: apt-get update && apt-get install debian-archive-keyring ($log has apt's own words)"
		[[ -n $(newest_package "$1" '.*') ]] || return 0
		say "$name: $trouble; going by the other lists"
		trouble=''
	}
}

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# torture-parameters.sh MODULE.ko WORDS: prints WORDS, parameters of the torture module and of
# scripts/guests/torture.sh, as the kernel's command line wants them. Refuses what is no such parameter, or no
# value for it: the kernel would only say that it ignores the name.
set -euo pipefail

die() { echo "krcu: TORTURE: $*" >&2; exit 1; }

declare -A types=([expect]=regex [disturb]=switch)
while IFS=: read -r name type; do
	types[$name]=$type
done < <(PATH=$PATH:/usr/sbin:/sbin modinfo -F parmtype "$1") # not everybody's PATH has them
[[ ${types[duration]:-} ]] || die "modinfo tells no parameters of $1"
unset 'types[duration]'

read -rd '' -a words <<<"$2" || : # there is no NUL
for word in "${words[@]}"; do
	name=${word%%=*} value=${word#*=}
	[[ $word == ?*=?* ]] || die "'$word' is not NAME=VALUE"
	[[ $name != duration ]] || die "set DURATION=$value, not duration"
	case ${types[$name]:-} in
	uint) regex='[0-9]{1,9}' want='a number' ;;
	int) regex='-?[0-9]{1,9}' want='a number' ;;
	bool) regex='[01yYnN]' want='0 or 1' ;;
	switch) regex='[01]' want='0 or 1' ;;
	regex) regex='.*' want='' ;;
	'') die "no parameter '$name'; there are: $(printf '%s\n' "${!types[@]}" | sort | paste -sd' ')" ;;
	*) die "$name is of type ${types[$name]}, which $0 does not know" ;;
	esac
	[[ $value =~ ^($regex)$ ]] || die "$name=$value: want $want"
done
((${#words[@]} == 0)) || printf ' krcu_torture.%s' "${words[@]}"

#!/usr/bin/env bash
# Runs the shop: what a shell script can hold.
# Usage: sample.sh OWNER
set -euo pipefail

source ./lib/stock.sh
. "$(dirname "$0")/colors.bash"

readonly MAX_ITEMS=10 MIN_ITEMS=1
export SHOP_HOME="${SHOP_HOME:-/srv/shop}" SHOP_MODE=open
declare -A PRICES=([apple]=1 [pear]=2)
items=(apple pear)
items+=(plum)
total=0

alias ll='ls -l'

# Prints what is wrong
# and stops.
die() {
  printf '%s\n' "$*" >&2
  exit 1
}

function sell {
  local item="$1" count=${2:-1}
  local price
  price="$(find_price "$item")" || die "no such item"
  discount() { echo $(( $1 * 9 / 10 )); }
  total=$((total + $(discount "$price") * count))
}

function report() (
  cd "$SHOP_HOME"
  while read -r line; do
    log_line "$line"
  done < <(list_items | sort)
)

shop::close() {
  case "$1" in
    now) stop_all ;;
    *) die "when?" ;;
  esac
  cat <<EOF
closed() { not a function; }
EOF
}

if [[ "${1:-}" == --report ]]; then
  report | less
else
  for item in "${items[@]}"; do sell "$item" 2; done
fi
trap 'shop::close now' EXIT
bash ./scripts/cleanup.sh

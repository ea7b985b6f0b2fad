# Sourced by redis.sh and sentinel.sh. Environment: SELF and FIRST (host:port of this Redis and of the first), SENTINELS
# (host:port each, with spaces), MASTER (the master's name), FOLDER (where configuration and data may be written), and REDISCLI_AUTH
# (the password, if there is one).
set -eu
umask 077

# The master as host:port. Whoever is asked first among the sentinels that run knows it; while none runs, it is the first Redis.
master() {
  for sentinel in $SENTINELS; do
    known=$(timeout 2 env -u REDISCLI_AUTH redis-cli -h "${sentinel%:*}" -p "${sentinel##*:}" --raw \
      sentinel get-master-addr-by-name "$MASTER" 2>/dev/null | paste -s -d :) || true
    case $known in
      *:*[0-9]) echo "$known"; return ;;
    esac
  done
  echo "$FIRST"
}

# A line of configuration whose value may hold anything.
setting() {
  printf '%s "%s"\n' "$1" "$(printf %s "$2" | sed 's/[\\"]/\\&/g')"
}

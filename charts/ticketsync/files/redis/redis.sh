#!/bin/sh
# One of the three Redis: master or replica, as the sentinels say.
. "$(dirname "$0")/common.sh"

configuration() {
  echo "port ${SELF##*:}"
  echo "dir $FOLDER"
  echo 'save ""'
  echo "replica-announce-ip ${SELF%:*}"
  echo "replica-announce-port ${SELF##*:}"
  echo "maxmemory $MAX_MEMORY"
  echo "maxmemory-policy allkeys-lru"
  if [ -n "${REDISCLI_AUTH:-}" ]; then
    setting requirepass "$REDISCLI_AUTH"
    setting masterauth "$REDISCLI_AUTH"
  else
    echo "protected-mode no"
  fi
  [ "$1" = "$SELF" ] || echo "replicaof ${1%:*} ${1##*:}"
}

configuration "$(master)" > "$FOLDER/redis.conf"
exec redis-server "$FOLDER/redis.conf"

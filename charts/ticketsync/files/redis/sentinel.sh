#!/bin/sh
# One of the three sentinels. Two of them must agree that the master is gone. It takes no password: only names and addresses are here.
. "$(dirname "$0")/common.sh"

configuration() {
  echo "port $PORT"
  echo "dir $FOLDER"
  echo "protected-mode no"
  echo "sentinel resolve-hostnames yes"
  echo "sentinel announce-hostnames yes"
  echo "sentinel announce-ip ${SELF%:*}"
  echo "sentinel monitor $MASTER ${1%:*} ${1##*:} 2"
  echo "sentinel down-after-milliseconds $MASTER 5000"
  echo "sentinel failover-timeout $MASTER 15000"
  [ -z "${REDISCLI_AUTH:-}" ] || setting "sentinel auth-pass $MASTER" "$REDISCLI_AUTH"
}

configuration "$(master)" > "$FOLDER/sentinel.conf"
exec redis-server "$FOLDER/sentinel.conf" --sentinel

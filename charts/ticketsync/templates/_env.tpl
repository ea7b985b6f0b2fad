{{/* The environment of every container: what settings.md names, in the words that it has there. Takes what ticketsync.pod does. */}}
{{- define "ticketsync.env" -}}
{{- $context := . -}}
{{- with .root -}}
- {name: TICKETSYNC_HOST, value: 0.0.0.0}
- {name: TICKETSYNC_PORT, value: "8080"}
{{- if .Values.metrics.enabled }}
- {name: TICKETSYNC_METRICS_ADDRESS, value: "0.0.0.0:9464"}
{{- end }}
- {name: TICKETSYNC_HEALTH_ADDRESS, value: "0.0.0.0:8081"}
{{- with .Values.worker.deployment }}
- {name: TICKETSYNC_WORKER_DEPLOYMENT, value: {{ . | quote }}}
{{- end }}
{{- if .Values.config }}
- {name: TICKETSYNC_CONFIG, value: /etc/ticketsync/ticketsync.toml}
{{- end }}
{{ include "ticketsync.temporalEnv" . }}
{{ include "ticketsync.redisEnv" . }}
{{- range $name, $value := .Values.settings }}
- {name: {{ $name }}, value: {{ include "ticketsync.text" $value | quote }}}
{{- end }}
{{- range $key := fromJsonArray (include "ticketsync.secretKeys" .) }}
{{- if regexMatch "^(ZENDESK|TEAMWORK|REDIS|TICKETSYNC)_" $key }}
- {name: {{ $key }}_FILE, value: /run/secrets/ticketsync/{{ $key }}}
{{- else if eq $key "TEMPORAL_API_KEY" }}
- name: TEMPORAL_API_KEY
  valueFrom:
    secretKeyRef: {name: {{ include "ticketsync.secretOf" $context }}, key: TEMPORAL_API_KEY}
{{- end }}
{{- end }}
{{- with .Values.env }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end }}

{{/* Numbers are floating-point to Helm, which would write the number of a group as 3.6e+11. */}}
{{- define "ticketsync.text" -}}
{{- if and (kindIs "float64" .) (eq (float64 (int64 .)) .) -}}
{{ int64 . }}
{{- else -}}
{{ . }}
{{- end -}}
{{- end }}

{{- define "ticketsync.temporalEnv" -}}
{{- $tls := .Values.temporal.tls -}}
- {name: TEMPORAL_ADDRESS, value: {{ .Values.temporal.address | quote }}}
- {name: TEMPORAL_NAMESPACE, value: {{ .Values.temporal.namespace | quote }}}
{{- if $tls.enabled }}
- {name: TEMPORAL_TLS, value: "true"}
{{- end }}
{{- with $tls.serverName }}
- {name: TEMPORAL_TLS_SERVER_NAME, value: {{ . | quote }}}
{{- end }}
{{- if $tls.clientCertificate }}
- {name: TEMPORAL_TLS_CLIENT_CERT_PATH, value: /run/secrets/temporal/tls.crt}
- {name: TEMPORAL_TLS_CLIENT_KEY_PATH, value: /run/secrets/temporal/tls.key}
{{- end }}
{{- if $tls.ca }}
- {name: TEMPORAL_TLS_SERVER_CA_CERT_PATH, value: /run/secrets/temporal/ca.crt}
{{- end }}
{{- end }}

{{- define "ticketsync.redisEnv" -}}
{{- $sentinels := include "ticketsync.sentinels" . -}}
{{- if $sentinels -}}
- {name: REDIS_USE_SENTINEL, value: "true"}
- {name: REDIS_SENTINEL_HOSTS, value: {{ $sentinels | quote }}}
- {name: REDIS_SENTINEL_MASTER, value: {{ .Values.redis.sentinel.master | quote }}}
{{- else -}}
- {name: REDIS_HOST, value: {{ .Values.redis.host | quote }}}
- {name: REDIS_PORT, value: {{ .Values.redis.port | quote }}}
{{- end }}
- {name: REDIS_DB, value: {{ .Values.redis.db | quote }}}
{{- end }}

{{/* What a Secret and a ConfigMap of ours hold, for those that stay and for those of the job that runs before. */}}
{{- define "ticketsync.secretData" -}}
type: Opaque
data:
  {{- range $name, $value := .Values.secrets.values }}
  {{ $name }}: {{ $value | b64enc | quote }}
  {{- end }}
{{- end }}

{{- define "ticketsync.configData" -}}
data:
  {{- /* A block by hand would be no YAML for a file whose first line is indented. */}}
  {{- dict "ticketsync.toml" .Values.config | toYaml | nindent 2 }}
{{- end }}

{{/* Changed desks and tokens are noticed at once; these count from the next start on, so their change is a new pod. */}}
{{- define "ticketsync.restartSum" -}}
{{- $values := .Values.secrets.values | default dict -}}
{{ pick $values "TEMPORAL_API_KEY" "TICKETSYNC_API_TOKEN" "TICKETSYNC_ENCRYPTION_KEYS" "REDIS_PASSWORD" | toJson | sha256sum }}
{{- end }}

{{/*
The beginning of all names: the release's, which is unique in a namespace. Everything gets one more word behind a hyphen, so that
no two releases have a name in common. Long ones are cut and told apart by a hash: pods and labels may have 63 characters. So are
those with a dot or with a digit in front, which a Service may not have.
*/}}
{{- define "ticketsync.name" -}}
{{- $plain := regexReplaceAll "^([0-9])" (replace "." "-" .Release.Name) "r${1}" -}}
{{- if or (gt (len .Release.Name) 40) (ne $plain .Release.Name) -}}
{{ trunc 31 $plain | trimSuffix "-" }}-{{ sha256sum .Release.Name | trunc 8 }}
{{- else -}}
{{ .Release.Name }}
{{- end -}}
{{- end }}

{{/* What a Deployment's selector holds: it can never be changed, so it depends on nothing but the release. */}}
{{- define "ticketsync.selector" -}}
app.kubernetes.io/name: ticketsync
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "ticketsync.labels" -}}
{{ include "ticketsync.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "ticketsync.metadata" -}}
name: {{ include "ticketsync.name" .root }}-{{ .component }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "ticketsync.labels" . | nindent 2 }}
{{- end }}

{{- define "ticketsync.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "ticketsync.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (printf "%s-account" (include "ticketsync.name" .)) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end -}}
{{- end }}

{{- define "ticketsync.secret" -}}
{{ .Values.secrets.existing | default (printf "%s-secrets" (include "ticketsync.name" .)) }}
{{- end }}

{{/* The names of all secrets, as a JSON list. */}}
{{- define "ticketsync.secretKeys" -}}
{{- if .Values.secrets.existing -}}
{{ .Values.secrets.keys | sortAlpha | toJson }}
{{- else -}}
{{ keys (.Values.secrets.values | default dict) | sortAlpha | toJson }}
{{- end -}}
{{- end }}

{{/* host:port of each sentinel, with commas; empty where there are none. */}}
{{- define "ticketsync.sentinels" -}}
{{- if .Values.redis.enabled -}}
{{- $name := include "ticketsync.name" . -}}
{{- $hosts := list -}}
{{- range until 3 -}}
{{- $hosts = append $hosts (printf "%s-redis-%d.%s-redis.%s.svc:26379" $name . $name $.Release.Namespace) -}}
{{- end -}}
{{ join "," $hosts }}
{{- else if .Values.redis.sentinel.enabled -}}
{{ join "," .Values.redis.sentinel.hosts }}
{{- end -}}
{{- end }}

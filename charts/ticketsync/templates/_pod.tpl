{{/*
What the pods of server, worker and jobs have in common. Each takes (dict "root" $ "component" …); jobs that run before anything is
installed bring their own Secret, ConfigMap and account ("before" true).
*/}}
{{- define "ticketsync.podMetadata" -}}
{{- if or .restarts .root.Values.pod.annotations }}
annotations:
  {{- if .restarts }}
  checksum/secrets: {{ include "ticketsync.restartSum" .root }}
  {{- end }}
  {{- with .root.Values.pod.annotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
labels:
  {{- include "ticketsync.labels" . | nindent 2 }}
  {{- with .root.Values.pod.labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "ticketsync.pod" -}}
{{- $values := .root.Values -}}
automountServiceAccountToken: false
enableServiceLinks: false
serviceAccountName: {{ include "ticketsync.accountOf" . }}
securityContext:
  {{- include "ticketsync.podSecurity" 10001 | nindent 2 }}
{{- with $values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $values.pod.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.pod.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.pod.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
affinity:
  {{- if $values.pod.affinity }}
  {{- toYaml $values.pod.affinity | nindent 2 }}
  {{- else }}
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "ticketsync.selector" . | nindent 14 }}
  {{- end }}
volumes:
  - name: tmp
    emptyDir: {sizeLimit: 64Mi}
  {{- with .script }}
  - name: script
    configMap:
      name: {{ include "ticketsync.name" $.root }}-{{ . }}
  {{- end }}
  {{- if fromJsonArray (include "ticketsync.secretKeys" .root) }}
  - name: secrets
    secret:
      secretName: {{ include "ticketsync.secretOf" . }}
      defaultMode: 0440
  {{- end }}
  {{- if $values.config }}
  - name: config
    configMap:
      name: {{ include "ticketsync.name" .root }}-{{ ternary "check" "config" (default false .before) }}
  {{- end }}
  {{- if $values.temporal.tls.secret }}
  - name: temporal
    secret:
      secretName: {{ $values.temporal.tls.secret }}
      defaultMode: 0440
  {{- end }}
{{- end }}

{{- define "ticketsync.secretOf" -}}
{{- if and (default false .before) (empty .root.Values.secrets.existing) -}}
{{ include "ticketsync.name" .root }}-check
{{- else -}}
{{ include "ticketsync.secret" .root }}
{{- end -}}
{{- end }}

{{/* Before anything is installed there is only an account that was there before. */}}
{{- define "ticketsync.accountOf" -}}
{{- if and (default false .before) .root.Values.serviceAccount.create -}}
default
{{- else -}}
{{ include "ticketsync.serviceAccount" .root }}
{{- end -}}
{{- end }}

{{- define "ticketsync.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "ticketsync.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "ticketsync.container" -}}
{{- $values := .root.Values -}}
image: {{ include "ticketsync.image" .root | quote }}
imagePullPolicy: {{ $values.image.pullPolicy }}
securityContext:
  {{- include "ticketsync.containerSecurity" . | nindent 2 }}
env:
  {{- include "ticketsync.env" . | nindent 2 }}
volumeMounts:
  - {name: tmp, mountPath: /tmp}
  {{- if .script }}
  - {name: script, mountPath: /opt/script, readOnly: true}
  {{- end }}
  {{- if fromJsonArray (include "ticketsync.secretKeys" .root) }}
  - {name: secrets, mountPath: /run/secrets/ticketsync, readOnly: true}
  {{- end }}
  {{- if $values.config }}
  - {name: config, mountPath: /etc/ticketsync, readOnly: true}
  {{- end }}
  {{- if $values.temporal.tls.secret }}
  - {name: temporal, mountPath: /run/secrets/temporal, readOnly: true}
  {{- end }}
{{- end }}

{{/* Called with the root and `component`: metadata of its pods. What the chart's version is would restart them for nothing. */}}
{{- define "checkpoint-warden.podMetadata" -}}
{{- $values := index .root.Values .component -}}
labels:
  {{- include "checkpoint-warden.selectorLabels" . | nindent 2 }}
  app.kubernetes.io/part-of: checkpoint-warden
  {{- with .root.Values.commonLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- with $values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $values.podAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Called with the root and `component`: where its pods may run. */}}
{{- define "checkpoint-warden.placement" -}}
{{- $values := index .root.Values .component -}}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "checkpoint-warden.priorityClassName" . }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What no container of ours needs. */}}
{{- define "checkpoint-warden.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Both programs serve them beside their metrics. */}}
{{- define "checkpoint-warden.probes" -}}
# Where CPU is short, a container gets little more than it asks for, and a start takes minutes: to end it meanwhile would
# only begin it anew.
startupProbe:
  httpGet:
    path: /healthz
    port: metrics
  periodSeconds: 1
  timeoutSeconds: 5
  failureThreshold: 600
livenessProbe:
  httpGet:
    path: /healthz
    port: metrics
  periodSeconds: 20
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet:
    path: /readyz
    port: metrics
  periodSeconds: 5
  timeoutSeconds: 5
{{- end }}

{{/* A pod that is nobody in particular. */}}
{{- define "checkpoint-warden.unprivileged" -}}
runAsNonRoot: true
{{- with .Values.controller.runAsUser }}
runAsUser: {{ int64 . }}
runAsGroup: {{ int64 . }}
fsGroup: {{ int64 . }}
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

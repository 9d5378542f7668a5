{{/* Labels of every object. */}}
{{- define "checkpoint-warden.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "checkpoint-warden.releaseLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: checkpoint-warden
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "checkpoint-warden.releaseLabels" -}}
app.kubernetes.io/name: {{ include "checkpoint-warden.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Called with the root and `component`: what selects its pods. Never add anything: selectors cannot be changed. */}}
{{- define "checkpoint-warden.selectorLabels" -}}
{{ include "checkpoint-warden.releaseLabels" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* Called with the root and `component`: labels of an object that belongs to it. */}}
{{- define "checkpoint-warden.componentLabels" -}}
{{ include "checkpoint-warden.labels" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* What the controller finds the agents' pods by, as a selector in one line. */}}
{{- define "checkpoint-warden.agentSelector" -}}
{{- $pairs := list -}}
{{- range $key, $value := include "checkpoint-warden.selectorLabels" (dict "root" . "component" "agent") | fromYaml -}}
{{- $pairs = append $pairs (printf "%s=%s" $key $value) -}}
{{- end -}}
{{- join "," $pairs -}}
{{- end }}

{{/* Value of the label app.kubernetes.io/name. */}}
{{- define "checkpoint-warden.name" -}}
{{- default .Chart.Name .Values.nameOverride -}}
{{- end }}

{{/*
What every object's name begins with: the release's name, unless that says it all. 50 characters leave room for what
comes behind within the 63 of a label or a Service.
*/}}
{{- define "checkpoint-warden.fullname" -}}
{{- $name := include "checkpoint-warden.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "checkpoint-warden.agent.fullname" -}}
{{- include "checkpoint-warden.fullname" . }}-agent
{{- end }}

{{- define "checkpoint-warden.controller.fullname" -}}
{{- include "checkpoint-warden.fullname" . }}-controller
{{- end }}

{{/* Called with the root and `component`: the service account of its pods. */}}
{{- define "checkpoint-warden.serviceAccountName" -}}
{{- $account := (index .root.Values .component).serviceAccount -}}
{{- $own := include (printf "checkpoint-warden.%s.fullname" .component) .root -}}
{{- if $account.create -}}
{{- default $own $account.name -}}
{{- else -}}
{{- default "default" $account.name -}}
{{- end -}}
{{- end }}

{{/* `repository:tag`, or `repository@digest` where a digest is given. */}}
{{- define "checkpoint-warden.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/*
The names of the Secrets that are mounted. Those of `selfManaged` are fixed in the program. Those of cert-manager have
other names: it would overwrite what the controller has issued, and the controller refuses what it has not issued.
*/}}
{{- define "checkpoint-warden.tls.secretName" -}}
{{- $own := include (printf "checkpoint-warden.%s.fullname" .component) .root -}}
{{- with .root.Values.tls -}}
{{- if eq .mode "selfManaged" -}}
{{- printf "checkpoint-warden-%s-tls" $.component -}}
{{- else if eq .mode "certManager" -}}
{{- printf "%s-cert" $own -}}
{{- else -}}
{{- index .existingSecret $.component -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The class that agents and controllers have unless they are given another. */}}
{{- define "checkpoint-warden.priorityClassName" -}}
{{- with .root.Values.priorityClass -}}
{{- $own := default (include "checkpoint-warden.fullname" $.root) .name -}}
{{- default (ternary $own "" .create) (index $.root.Values $.component).priorityClassName -}}
{{- end -}}
{{- end }}

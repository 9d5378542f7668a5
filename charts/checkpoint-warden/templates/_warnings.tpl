{{/*
What will not work in this cluster, each with what to do. It asks the cluster, so it is silent in `helm template`.
*/}}
{{- define "checkpoint-warden.warnings" -}}
{{- $warnings := list -}}
{{- range list "checkpoint-warden.warnings.podSecurity" "checkpoint-warden.warnings.agentSecret" "checkpoint-warden.warnings.controllerSecret" "checkpoint-warden.warnings.crds" "checkpoint-warden.warnings.rbac" "checkpoint-warden.warnings.monitoring" -}}
{{- with include . $ | trim -}}
{{- $warnings = append $warnings . -}}
{{- end -}}
{{- end -}}
{{- range $warnings }}
WARNING: {{ . }}
{{ end -}}
{{- end }}

{{- define "checkpoint-warden.warnings.podSecurity" -}}
{{- $namespace := lookup "v1" "Namespace" "" .Release.Namespace | default dict -}}
{{- $level := dig "metadata" "labels" "pod-security.kubernetes.io/enforce" "" $namespace -}}
{{- if not (has $level (list "" "privileged")) }}
namespace {{ .Release.Namespace }} enforces PodSecurity "{{ $level }}", which forbids hostPath volumes: no agent can
start. Then this, and the DaemonSet makes its pods by itself:

     kubectl label --overwrite namespace {{ .Release.Namespace }} pod-security.kubernetes.io/enforce=privileged
{{- end -}}
{{- end }}

{{- define "checkpoint-warden.warnings.agentSecret" -}}
{{- include "checkpoint-warden.warnings.secret" (dict "root" . "component" "agent") -}}
{{- end }}

{{- define "checkpoint-warden.warnings.controllerSecret" -}}
{{- include "checkpoint-warden.warnings.secret" (dict "root" . "component" "controller") -}}
{{- end }}

{{/* Of `mode: existingSecret`. Where the namespace is not found, there is no cluster to ask. */}}
{{- define "checkpoint-warden.warnings.secret" -}}
{{- $namespace := .root.Release.Namespace -}}
{{- if and (eq .root.Values.tls.mode "existingSecret") (lookup "v1" "Namespace" "" $namespace) -}}
{{- $name := index .root.Values.tls.existingSecret .component -}}
{{- $secret := lookup "v1" "Secret" $namespace $name -}}
{{- $missing := list -}}
{{- range list "ca.crt" "tls.crt" "tls.key" -}}
{{- if not (hasKey ($secret.data | default dict) .) -}}
{{- $missing = append $missing . -}}
{{- end -}}
{{- end -}}
{{- if not $secret }}
Secret {{ $name }} of tls.existingSecret.{{ .component }} is not in namespace {{ $namespace }}: no {{ .component }} starts until it is. It needs
ca.crt, tls.crt and tls.key, with the DNS name {{ .component }}.checkpoint-warden.
{{- else if $missing }}
Secret {{ $name }} of tls.existingSecret.{{ .component }} has no {{ join ", " $missing }}: no {{ .component }} starts until it has.
{{- end -}}
{{- end -}}
{{- end }}

{{- define "checkpoint-warden.warnings.crds" -}}
{{- if .Values.crds.enabled -}}
{{- if not .Values.crds.keep }}
crds.keep is false: `helm uninstall` will delete every CheckpointRetentionPolicy of the cluster.
{{- end -}}
{{- else if not (lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" "checkpointretentionpolicies.checkpoint-warden.dev") }}
crds.enabled is false, and the cluster has no CheckpointRetentionPolicy: the controller waits until it has. Install it
from the same version: checkpoint-warden crd | kubectl apply --server-side -f -
{{- end -}}
{{- end }}

{{- define "checkpoint-warden.warnings.rbac" -}}
{{- if not .Values.rbac.create }}
rbac.create is false: until the account {{ include "checkpoint-warden.serviceAccountName" (dict "root" . "component" "controller") }} has the rights of templates/rbac/controller.yaml, the controller
does nothing.
{{- end -}}
{{- end }}

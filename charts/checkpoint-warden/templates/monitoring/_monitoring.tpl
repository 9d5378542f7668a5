{{/*
Called with the root and `kind`: "true" where the cluster has that kind of the Prometheus operator. Where there is no cluster
to ask, as in `helm template`, all are taken to be there.
*/}}
{{- define "checkpoint-warden.monitoring.has" -}}
{{- $isLive := lookup "v1" "Namespace" "" "kube-system" -}}
{{- if or (not $isLive) (.root.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" .kind)) -}}
true
{{- end -}}
{{- end }}

{{/* Called with the root and `component`: labels of an object by which Prometheus finds targets or rules. */}}
{{- define "checkpoint-warden.monitoring.labels" -}}
{{ include (ternary "checkpoint-warden.componentLabels" "checkpoint-warden.labels" (hasKey . "component")) (ternary . .root (hasKey . "component")) }}
{{- with .root.Values.monitoring.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Called with the root and `component`: how the metrics of its pods are scraped. The alert rules rely on both labels. */}}
{{- define "checkpoint-warden.monitoring.endpoint" -}}
{{- with .root.Values.monitoring.monitors -}}
port: metrics
path: /metrics
interval: {{ .interval }}
{{- with .scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- end }}
relabelings:
  - action: replace
    sourceLabels: [__meta_kubernetes_pod_node_name]
    targetLabel: node
  - action: replace
    targetLabel: job
    replacement: checkpoint-warden-{{ .component }}
{{- with .root.Values.monitoring.monitors.relabelings }}
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.monitoring.monitors.metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
Called with the root and `rule`: the rule of files/alerts.yaml as monitoring.rules.alerts wants it; nothing when it is not
enabled. A threshold is the number before a comment with its name.
*/}}
{{- define "checkpoint-warden.monitoring.alert" -}}
{{- $values := .root.Values.monitoring.rules -}}
{{- $rule := deepCopy .rule -}}
{{- $change := get $values.alerts (trimPrefix "CheckpointWarden" $rule.alert) | default dict -}}
{{- range $name, $value := $change.thresholds -}}
{{- $number := ternary (printf "%d" (int64 $value)) (toString $value) (eq (float64 $value) (floor $value)) -}}
{{- $_ := set $rule "expr" (regexReplaceAll (printf "[0-9.]+ # %s\\b" $name) $rule.expr (printf "%s # %s" $number $name)) -}}
{{- end -}}
{{- with $change.for -}}
{{- $_ := set $rule "for" . -}}
{{- end -}}
{{- $severity := $change.severity | default $rule.labels.severity -}}
{{- $_ := set $rule "labels" (merge dict ($change.labels | default dict) (dict "severity" $severity)) -}}
{{- $anchor := splitList "#" $rule.annotations.runbook_url | last -}}
{{- $_ := set $rule.annotations "runbook_url" (printf "%s#%s" $values.runbookUrl $anchor) -}}
{{- if dig "enabled" true $change -}}
{{- toYaml $rule -}}
{{- end -}}
{{- end }}

{{- define "checkpoint-warden.warnings.monitoring" -}}
{{- $wanted := dict "PodMonitor" .Values.monitoring.monitors.enabled "ServiceMonitor" .Values.monitoring.monitors.enabled "PrometheusRule" .Values.monitoring.rules.enabled -}}
{{- $missing := list -}}
{{- range $kind, $isWanted := $wanted -}}
{{- if and $isWanted (not (include "checkpoint-warden.monitoring.has" (dict "root" $ "kind" $kind))) -}}
{{- $missing = append $missing $kind -}}
{{- end -}}
{{- end -}}
{{- with $missing }}
the cluster has no {{ join ", " . }} of monitoring.coreos.com/v1, so monitoring.* is not installed, and all the rest is.
Install the Prometheus operator, or its CRDs, and then run `helm upgrade` again. Without the operator:
docs/how-to/monitor.md.
{{- end -}}
{{- end }}

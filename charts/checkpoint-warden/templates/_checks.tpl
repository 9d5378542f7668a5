{{/* Values that are right by themselves and wrong together: the schema cannot see that. */}}
{{- define "checkpoint-warden.checks" -}}
{{- with .Values.agent -}}
{{- if eq (int .port) (int .metricsPort) -}}
{{- fail (printf "agent.port and agent.metricsPort are both %d: give each a port of its own" (int .port)) -}}
{{- end -}}
{{- if or (hasPrefix (printf "%s/" .checkpointDir) (printf "%s/" .stateDir)) (hasPrefix (printf "%s/" .stateDir) (printf "%s/" .checkpointDir)) -}}
{{- fail (printf "agent.stateDir (%s) and agent.checkpointDir (%s) must not lie in each other: give the agent a directory of its own for its state" .stateDir .checkpointDir) -}}
{{- end -}}
{{- end -}}
{{- with .Values.controller.serviceAccount -}}
{{- if and (not .create) (not .name) -}}
{{- fail "controller.serviceAccount.create is false and controller.serviceAccount.name is empty: name the account that the controller is to use; it must not be the one that every pod of the namespace has" -}}
{{- end -}}
{{- end -}}
{{- end }}

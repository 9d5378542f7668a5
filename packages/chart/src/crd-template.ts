import { crdManifest } from '@checkpoint-warden/api';
import { stringify } from 'yaml';

const BEGIN = `\
{{- if .Values.crds.enabled }}
# Made by \`npm run generate\` from packages/api: change it there.
`;
/** Behind \`metadata\`. */
const LABELS_AND_ANNOTATIONS = `\
  labels:
    {{- include "checkpoint-warden.labels" . | nindent 4 }}
  {{- if or .Values.crds.keep .Values.crds.annotations }}
  annotations:
    {{- if .Values.crds.keep }}
    helm.sh/resource-policy: keep
    {{- end }}
    {{- with .Values.crds.annotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
`;
const END = '{{- end }}\n';

/** The CRD as a template, so that an upgrade brings it up to date: Helm never changes what is in a chart’s `crds` folder. */
export function crdTemplate(): string {
  const { spec, ...head } = crdManifest();
  return [BEGIN, yaml(head), LABELS_AND_ANNOTATIONS, yaml({ spec }), END].join('');
}

/** Ends with `metadata` in the head, as it is the last key there. */
function yaml(object: unknown): string {
  const text = stringify(object, { lineWidth: 0, aliasDuplicateObjects: false });
  return text.replaceAll('{{', '{{ "{{" }}');
}

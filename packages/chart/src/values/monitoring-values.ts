import { Type } from 'typebox';
import { alertValues } from './alert-values.ts';
import { Value } from './value.ts';

const PROMETHEUS_DURATION = '^(0|([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$';
/** https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.RelabelConfig */
const RelabelConfig = Type.Object(
  {
    action: Type.Optional(Type.String()),
    sourceLabels: Type.Optional(Type.Array(Type.String())),
    separator: Type.Optional(Type.String()),
    targetLabel: Type.Optional(Type.String()),
    regex: Type.Optional(Type.String()),
    modulus: Type.Optional(Type.Integer()),
    replacement: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);

/** Values about Prometheus and Grafana. All of it is off: it needs kinds that not every cluster has. */
export const MonitoringValues = Value.section(
  'For Prometheus and Grafana. How to set it up: docs/how-to/monitor.md.',
  {
    labels: Value.map({
      description:
        'Labels for monitors and rules by which Prometheus selects them, such as `release: kube-prometheus-stack`.',
      default: {},
    }),
    monitors: Value.section(
      'PodMonitor of the agents and ServiceMonitor of the controllers, for the Prometheus operator.',
      {
        enabled: Value.flag({ description: 'Whether to make them.', default: false }),
        interval: Value.text({
          description: 'Time between scrapes. Alerts are made for at most two minutes.',
          default: '30s',
          pattern: PROMETHEUS_DURATION,
        }),
        scrapeTimeout: Value.text({
          description: 'How long a scrape may take; what Prometheus takes by default unless given.',
          default: '',
          pattern: `^$|${PROMETHEUS_DURATION}`,
        }),
        relabelings: Value.list(RelabelConfig, {
          description: 'Further relabelings of targets. The labels `job` and `node` must stay as they are.',
          default: [],
        }),
        metricRelabelings: Value.list(RelabelConfig, {
          description: 'Relabelings of samples.',
          default: [],
        }),
      },
    ),
    rules: Value.section('PrometheusRule with the alerts, for the Prometheus operator.', {
      enabled: Value.flag({ description: 'Whether to make it.', default: false }),
      runbookUrl: Value.text({
        description: 'Page with the runbooks; the name of the alert is put behind it as `#name`.',
        default: 'https://github.com/checkpoint-warden/checkpoint-warden/blob/main/docs/reference/alerts.md',
        pattern: '^https?://',
      }),
      alerts: alertValues(),
    }),
    dashboard: Value.section('ConfigMap with the dashboard, for the sidecar of Grafana’s chart.', {
      enabled: Value.flag({ description: 'Whether to make it.', default: false }),
      namespace: Value.name({
        description: 'Namespace for it; the release’s unless given.',
        default: '',
      }),
      labels: Value.map({
        description: 'Labels that the sidecar looks for.',
        default: { grafana_dashboard: '1' },
      }),
      annotations: Value.map({
        description: 'Annotations for it, such as `grafana_folder: Storage`.',
        default: {},
      }),
    }),
  },
);

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** As far as it is looked at here. */
export interface DashboardPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly interval?: string;
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly max?: number;
      readonly decimals?: number;
      readonly noValue?: string;
      readonly thresholds?: { readonly steps: readonly ThresholdStep[] };
      readonly custom?: { readonly drawStyle?: string; readonly stacking?: { readonly mode: string } };
    };
    readonly overrides: readonly {
      readonly matcher: { readonly options: string };
      readonly properties: readonly { readonly id: string; readonly value: string }[];
    }[];
  };
  readonly options?: { readonly legend?: { readonly calcs: readonly string[] } };
  readonly targets?: readonly PanelTarget[];
  readonly transformations?: readonly {
    readonly id: string;
    readonly options: { readonly renameByName?: Readonly<Record<string, string>> };
  }[];
}

export interface PanelTarget {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat?: string;
  /** One value of now, rather than many over time. */
  readonly instant?: boolean;
}

export interface ThresholdStep {
  readonly color: string;
  /** From which value on; null: from the lowest. */
  readonly value: number | null;
}

export interface Dashboard {
  readonly title: string;
  readonly panels: readonly DashboardPanel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

const FILE = fileURLToPath(new URL('../../charts/checkpoint-warden/files/dashboard.json', import.meta.url));

export function readDashboard(): Dashboard {
  return JSON.parse(readFileSync(FILE, 'utf8'));
}

/** An expression as Prometheus understands it: with every variable at "All", and the steps that Grafana would choose. */
export function fillVariables(
  expr: string,
  { range, interval, rateInterval }: { range: string; interval: string; rateInterval: string },
): string {
  return expr
    .replaceAll('$__range', range)
    .replaceAll('$__rate_interval', rateInterval)
    .replaceAll('$__interval', interval)
    .replaceAll(/\$(cluster|namespace|node)\b/g, '.*');
}

import { type DashboardPanel, fillVariables } from './dashboard-file.ts';
import type { Prometheus, Series, Span } from './prometheus.ts';

/** What Prometheus answers to one query of a panel. */
export interface TargetAnswer {
  readonly refId: string;
  readonly legendFormat: string;
  readonly series: readonly Series[];
}

/**
 * Asks for what a panel shows, as Grafana does: of now or over time, with all variables at "All".
 *
 * @throws Error when an expression is none
 */
export async function askPanel(
  panel: DashboardPanel,
  prometheus: Pick<Prometheus, 'query' | 'queryRange'>,
  over: Span,
): Promise<readonly TargetAnswer[]> {
  const span = spanOf(panel, over);
  const filling = {
    range: `${Math.ceil(span.end - span.start)}s`,
    interval: `${span.stepSeconds}s`,
    // Grafana takes four scrapes at least.
    rateInterval: `${4 * span.stepSeconds}s`,
  };
  return Promise.all(
    (panel.targets ?? []).map(async ({ refId, expr, instant, legendFormat = '' }) => {
      const query = fillVariables(expr, filling);
      const series = instant ? await prometheus.query(query) : await prometheus.queryRange(query, span);
      return { refId, legendFormat, series };
    }),
  );
}

/**
 * The steps of a panel. One with a least interval of its own has wider ones, so that each has several scrapes in it. That
 * interval itself is not kept to: here there are minutes, where an operator looks at days.
 */
export function spanOf({ interval }: DashboardPanel, span: Span): Span {
  return interval === undefined ? span : { ...span, stepSeconds: span.stepSeconds * 4 };
}

import { expect, it } from 'vitest';
import { groupingLabelsIn, selectorsIn } from './selectors-in.ts';

it.each([
  ['a_metric alone', 'sum(a_metric)', ['a_metric']],
  ['with matchers', 'a_metric{b="c", d=~"e|f"} > 0', ['a_metric']],
  ['with a range of a variable', 'rate(a_total{x!="y"}[$__rate_interval])', ['a_total']],
  ['several, joined', 'a_b * on (job, instance) group_left (c_d) e_f', ['a_b', 'e_f']],
  ['without what a comment says', 'a_b # c_d\n  > 1', ['a_b']],
  [
    'no functions and no operators',
    'histogram_quantile(0.9, sum by (le) (a_bucket)) or b_c offset 1h',
    ['a_bucket', 'b_c'],
  ],
  ['names without an underscore, with matchers', 'up{job="x"} unless ALERTS{a="b"}', ['up', 'ALERTS']],
])('finds metrics: %s', (_, expr, metrics) => {
  expect(selectorsIn(expr).map(({ metric }) => metric)).toEqual(metrics);
});

it('reads a matcher as the values it lists, and a real pattern as none', () => {
  const [selector] = selectorsIn('a_b{c="d", e=~"f|g", h=~".+", i!="j"}');
  expect(selector?.matchers).toEqual([
    { label: 'c', values: ['d'] },
    { label: 'e', values: ['f', 'g'] },
    { label: 'h', values: [] },
    { label: 'i', values: ['j'] },
  ]);
});

it('finds labels that are grouped and joined by', () => {
  expect(groupingLabelsIn('sum by (a, b) (x_y) * on (c) group_left (d) z_z')).toEqual(['a', 'b', 'c', 'd']);
});

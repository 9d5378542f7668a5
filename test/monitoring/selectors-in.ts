/** `metric{label="value", …}` of an expression. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly { readonly label: string; readonly values: readonly string[] }[];
}

/** Functions and words of PromQL that may stand before a bracket. */
const NOT_METRICS = new Set(['by', 'on', 'group_left', 'or', 'and', 'unless', 'offset']);

/**
 * The selectors of an expression, as far as names and closed sets are to be checked: whether it is PromQL at all is for
 * Prometheus to say. A pattern counts as its alternatives; one with other signs of a regular expression as none.
 */
export function selectorsIn(expr: string): readonly Selector[] {
  const code = expr.replaceAll(/#.*$/gm, '');
  // A metric begins with no $ (a variable of Grafana), and is followed by neither an opening parenthesis (a function) nor more of a name.
  const names = /(?<![$\w])([a-zA-Z_]\w*)\b(?!\s*\()(\s*\{([^}]*)\})?/g;
  const grouping = /\b(?:by|on|group_left)\s*\([^)]*\)/g;
  return [...code.replaceAll(grouping, '').matchAll(names)]
    .flatMap(([, metric = '', , matchers = '']) =>
      /_/.test(metric) || matchers !== '' || metric === 'up'
        ? [{ metric, matchers: matchersIn(matchers) }]
        : [],
    )
    .filter(({ metric }) => !NOT_METRICS.has(metric));
}

/** Labels that an expression groups or joins by. */
export function groupingLabelsIn(expr: string): readonly string[] {
  return [...expr.matchAll(/\b(?:by|on|group_left)\s*\(([^)]*)\)/g)]
    .flatMap(([, labels = '']) => labels.split(','))
    .map((label) => label.trim())
    .filter((label) => label !== '');
}

function matchersIn(text: string): Selector['matchers'] {
  return [...text.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)].map(
    ([, label = '', operator = '', value = '']) => ({
      label,
      values: !operator.includes('~') ? [value] : /[.*+?[$]/.test(value) ? [] : value.split('|'),
    }),
  );
}

/** The form of a name: a label holds no dots, a subdomain is labels joined by dots (RFC 1123). */
type NameForm = 'label' | 'subdomain';

/** Names of namespaces and containers are labels, names of pods subdomains. */
const FORMS = { namespace: 'label', pod: 'subdomain', container: 'label' } as const satisfies Record<
  string,
  NameForm
>;
const MAX_LENGTH: Readonly<Record<NameForm, number>> = { label: 63, subdomain: 253 };

/**
 * Why a name or pattern matches nothing that Kubernetes allows, so that its author must have meant something else; `undefined`
 * when something can match.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
 */
export function whyNeverMatches(field: keyof typeof FORMS, pattern: string): string | undefined {
  const form = FORMS[field];
  const literal = pattern.replaceAll('*', '');
  if (literal.length > MAX_LENGTH[form]) return `a ${field} name has at most ${MAX_LENGTH[form]} characters`;
  if (form === 'label' && literal.includes('.')) return `a ${field} name holds no dots`;
  if (/^[.-]/.test(pattern)) return `a ${field} name begins with a letter or digit`;
  if (/[.-]$/.test(pattern)) return `a ${field} name ends with a letter or digit`;
  if (/\.[.-]|-\./.test(pattern)) return `a ${field} name has a letter or digit on both sides of a dot`;
  return undefined;
}

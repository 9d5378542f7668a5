/** Whether an If-None-Match header names an ETag. Weakly compared, as RFC 9110 section 13.1.2 wants it. */
export function namesEtag(header: string | undefined, etag: string): boolean {
  const named = header?.split(',').map((each) => each.trim().replace(/^W\//, '')) ?? [];
  return named.includes(etag) || named.includes('*');
}

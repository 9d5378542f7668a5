import { fileURLToPath } from 'node:url';

/** The directory of real archives; its README tells where they come from. */
export const FIXTURE_DIR = fileURLToPath(new URL('../../../../test/fixtures/', import.meta.url));

/** Real archives by what they show. Paths below {@link FIXTURE_DIR}. */
export const FIXTURES = {
  containerd: 'checkpoint-web-0_default-app-2026-11-23T13:11:16Z.tar',
  /** Namespace `default-2`, container `app`: the name alone could as well be `default` and `2-app`. */
  ambiguous: 'checkpoint-web-0_default-2-app-2026-11-23T13:11:16Z.tar',
  dotted: 'checkpoint-api-6d5f_team.a-sidecar-1-2026-11-23T13:11:16Z.tar',
  truncated: 'truncated/checkpoint-big-0_default-mem-2026-11-23T13:11:16Z.tar',
  podman: 'podman-none.tar',
  podmanGzip: 'podman-gzip.tar',
  podmanZstd: 'podman-zstd.tar',
} as const;

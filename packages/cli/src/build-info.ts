/** Set by the build; a program run from its sources has neither. */
declare const BUILD_VERSION: string | undefined;
declare const BUILD_COMMIT: string | undefined;

/** Which program this is. */
export const BUILD_INFO = {
  version: typeof BUILD_VERSION === 'string' ? BUILD_VERSION : '0.0.0-dev',
  commit: typeof BUILD_COMMIT === 'string' ? BUILD_COMMIT : 'unknown',
} as const;

/** Levels, most to least talkative. `warn`: an operator should look. `info`: we changed something or decided to. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export { AppError, isAppError, type Problem } from './app-error.ts';
export { ERROR_CODES, type ErrorCode } from './codes.ts';
export { nearest } from './nearest.ts';

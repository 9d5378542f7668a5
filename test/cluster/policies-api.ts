import { GROUP, PLURAL, VERSION } from '@checkpoint-warden/api';
import type { ApiClient, ApiResponse } from './api-client.ts';

/** Where policy objects are. */
export const POLICIES_PATH = `/apis/${GROUP}/${VERSION}/${PLURAL}`;

/** The name of the CRD. */
export const CRD_NAME = `${PLURAL}.${GROUP}`;

/** Asks whether a policy would be taken, as strictly as kubectl does; nothing is stored. */
export function tryPolicy(api: ApiClient, object: unknown): Promise<ApiResponse> {
  return api.send('POST', `${POLICIES_PATH}?dryRun=All&fieldValidation=Strict`, object);
}

/** What a refusal says. */
export function messageOf({ body }: ApiResponse): string {
  return (body as { readonly message?: string }).message ?? '';
}

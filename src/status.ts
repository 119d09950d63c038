/** Whether something can be used right now, and if not, why not. */
export type Status = { readonly up: true } | { readonly up: false; readonly why: string };

import type { Dialect } from '../store/hub-store.js';

/** Each once; the compiler sees to it that none is forgotten. */
const KNOWN: Readonly<Record<Dialect, true>> = { tmf: true, 'cloudevents-structured': true, 'cloudevents-binary': true, oda: true };

export const DIALECTS = Object.keys(KNOWN) as readonly Dialect[];
export const DEFAULT_DIALECT: Dialect = 'tmf';

import { setTimeout } from 'node:timers/promises';
import { BSON, MongoBulkWriteError, MongoError, MongoInvalidArgumentError, MongoNetworkError, MongoServerError } from 'mongodb';
import { PermanentStoreError, QueryTooCostly, textOf } from '../errors.js';
import { isRangeError } from './range-error.js';

const DUPLICATE_KEY = 11000;
const WRITE_CONFLICT = 112;

/** Codes with which the server says that it will never take a document or a commit. */
const PERMANENT: ReadonlySet<unknown> = new Set([
  2, // BadValue
  15, // Overflow: nested too deeply
  22, // InvalidBSON
  52, // DollarPrefixedFieldName
  57, // DottedFieldName
  121, // DocumentValidationFailure: a validator of the operator's
  257, // TransactionTooLarge
  388, // a document or key that the transaction log cannot hold
  10334, // BSONObjectTooLarge
  17280, // KeyTooLong
  17419, // too large after an update
  17420, // too large after an update
]);

/** Codes with which the server says that it cannot answer a query, at all or in the time allowed. */
const QUERY: ReadonlySet<unknown> = new Set([
  2, // BadValue: arrays at several attributes to sort by
  50, // MaxTimeMSExpired
  292, // QueryExceededMemoryLimitNoDiskUseAllowed
  51091, // a regular expression that PCRE refuses
  51156, // a regular expression that ran too long
]);

/** IndexOptionsConflict, IndexKeySpecsConflict. */
const MADE_OTHERWISE: ReadonlySet<unknown> = new Set([85, 86]);

/** The index is there, under another name or with other options: an operator or an earlier version made it. */
export function isMadeOtherwise(error: unknown): boolean {
  return error instanceof MongoServerError && MADE_OTHERWISE.has(error.code);
}

/** Someone else was there first, or at the same moment; the transaction has no effect. */
export function isConflict(error: unknown): boolean {
  if (!(error instanceof MongoServerError)) return false;
  if (error.code === DUPLICATE_KEY || error.code === WRITE_CONFLICT) return true;
  return error.hasErrorLabel('TransientTransactionError') && !isMemberChange(error);
}

/** What the driver says when the primary goes away: for the caller that is the database being away. */
function isMemberChange(error: MongoServerError): boolean {
  return error.hasErrorLabel('RetryableWriteError') || error instanceof MongoNetworkError;
}

export function isDuplicateKey(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/** Two first writes at the same moment: one of them fails, and finds the other's document when it tries again. */
export async function onceMore<T>(upsert: () => Promise<T>): Promise<T> {
  try {
    return await upsert();
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    await setTimeout(10);
    return upsert();
  }
}

export function hasLabel(error: unknown, label: 'TransientTransactionError' | 'UnknownTransactionCommitResult'): boolean {
  return error instanceof MongoError && error.hasErrorLabel(label);
}

/** The error as the port names it: permanent where the database will never take the write, else as it is. */
export function toWriteError(error: unknown): unknown {
  return isPermanent(error) ? new PermanentStoreError(textOf(error), { cause: error }) : error;
}

function isPermanent(error: unknown): boolean {
  if (error instanceof MongoServerError || error instanceof MongoBulkWriteError) return PERMANENT.has(error.code);
  // The driver's own refusals: larger than its buffer, nested deeper than its stack, a name that BSON cannot hold.
  return isRangeError(error) || error instanceof BSON.BSONError || error instanceof MongoInvalidArgumentError;
}

export function toQueryError(error: unknown): unknown {
  const refused = error instanceof MongoServerError && QUERY.has(error.code);
  return refused ? new QueryTooCostly(error.message, { cause: error }) : error;
}

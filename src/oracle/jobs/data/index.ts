/** The job `data`: outside data on the ledger. */
export { type AnswerText, answerText, decimalText, openedText, utf8 } from './answer-text.ts';
export { askedText, type DataJobOptions, dataJob, isOutlier } from './data-job.ts';
export { bundleUrl, type DataForm, type DataQuery, type DataSource, readDataSpec, type TwinSource } from './data-spec.ts';
export { type Envelope, type EnvelopeContext, envelopeDigest } from './envelope.ts';
export { isReaderKey, openAnswer, sealAnswer } from './sealed-answer.ts';

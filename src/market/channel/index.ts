/** Payment channels: vouchers, the books that keep them, and the parties that pay, forward and receive. */
export { type ConservationReport, conservation } from './conservation.ts';
export { createDevicePayer, type DevicePayer, type DevicePayerDependencies } from './device-payer.ts';
export { createEdgePayee, type EdgePayee, type EdgePayeeDependencies } from './edge-payee.ts';
export type { Payee, PayeePolicy } from './payee.ts';
export type { BookedChannel, BookedPayment, PayeeBook } from './payee-book.ts';
export type { Payer, PayerPolicy, PayOptions } from './payer.ts';
export type { PayerBook, SentChannel, SentPayment, SentStage } from './payer-book.ts';
export { createProxy, type PaymentProxy, type ProxyDependencies, type ProxyPolicy } from './proxy.ts';
export { type Payment, type Receipt, receiptIsValid, signReceipt } from './receipt.ts';
export { type ChannelKnowledge, type ChannelStatus, channelStatus, type NextAct } from './status.ts';
export { signVoucher, type VoucherDomain, voucherIsValid } from './voucher.ts';
export { type PaymentStage, VOUCHER_PROTOCOL } from './voucher-messages.ts';

export { hostOutside, type OutsideAccess } from './host-outside.ts';

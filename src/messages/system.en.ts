import { systemCause } from './system-cause.js';

/** Refusals of the operating system, in English. */
export const systemCauseEn = (message: string): string =>
  systemCause(
    {
      ENOSPC: "this machine's disk is full",
      EDQUOT: "this user's disk quota is used up",
      EROFS: 'the file system is read-only',
      EACCES: 'the permissions do not allow it',
      EPERM: 'the permissions do not allow it',
      EIO: 'the device failed',
    },
    message,
  );

import { systemCause } from './system-cause.js';

/** Refusals of the operating system, in Brazilian Portuguese. */
export const systemCausePtBR = (message: string): string =>
  systemCause(
    {
      ENOSPC: 'o disco desta máquina está cheio',
      EDQUOT: 'a cota de disco deste usuário acabou',
      EROFS: 'o sistema de arquivos só aceita leitura',
      EACCES: 'as permissões não deixam',
      EPERM: 'as permissões não deixam',
      EIO: 'o dispositivo falhou',
    },
    message,
  );

/** The characters beyond ASCII that rows may hold: a database whose encoding lacks one cannot take them. */
export const CHARACTERS = 'ÁÂÃÇÉÊÍÓÔÕÚáâãçéêíóôõúü³—';

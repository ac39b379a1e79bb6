/** Where settings are looked for, below the working directory, unless a flag names another file. */
export const DEFAULT_CONFIG_FILE = 'config/settings.toml';
export const DEFAULT_ENV_FILE = 'config/.env';
/** Where profiles are looked for, below the working directory and in the package. */
export const PROFILES_FOLDER = 'config/profiles';

/** The database schema of the tables that are busy while the run's tables are idle, one for each run. */
export const IDLE_SCHEMA = 'oltp_simulator_idle';

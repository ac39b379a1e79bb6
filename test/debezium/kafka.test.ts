/*
 * All that is tested with a broker of Kafka, in one file: a broker takes ten seconds of a processor to start.
 */
import './kafka-security.js';
import './kafka-reading.js';

/* otp 1.1.0 */

\echo Use "ALTER EXTENSION otp UPDATE TO '1.1.0'" to load this file. \quit

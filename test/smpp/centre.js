/*
 * centre.js
 *		An SMS centre: takes short messages by SMPP and puts them together as a phone does.
 *
 * The file "port" says where it listens, "bound" is there once somebody has logged in, and "messages" has
 * the messages, a line of JSON each.
 */
'use strict';

const fs = require('fs');
const smpp = require('smpp');

const parts = new Map();
let count = 0;

/* What 3GPP TS 23.040 has of parts in the header: which message, of how many, which one. */
function part_of(header)
{
	const element = (header || []).find(e => e[0] === 0 && e[1] === 3);

	return element ? {reference: element[2], of: element[3], number: element[4]} : {reference: 0, of: 1, number: 1};
}

function put_together(pdu)
{
	const part = part_of(pdu.short_message.udh);
	const key = `${pdu.destination_addr} ${part.reference}`;
	const texts = parts.get(key) || [];

	texts[part.number - 1] = pdu.short_message.message;
	parts.set(key, texts);
	if (texts.filter(text => text !== undefined).length < part.of)
		return;
	parts.delete(key);
	fs.appendFileSync('messages', JSON.stringify({
		from: pdu.source_addr, to: pdu.destination_addr, text: texts.join(''), parts: part.of,
		coding: pdu.data_coding, validity: String(pdu.validity_period)
	}) + '\n');
}

const server = smpp.createServer(session => {
	session.on('error', () => {});
	for (const bind of ['bind_transceiver', 'bind_transmitter', 'bind_receiver'])
	{
		session.on(bind, pdu => {
			session.send(pdu.response());
			fs.writeFileSync('bound', '');
		});
	}
	session.on('submit_sm', pdu => {
		put_together(pdu);
		session.send(pdu.response({message_id: String(++count)}));
	});
	session.on('enquire_link', pdu => session.send(pdu.response()));
	session.on('unbind', pdu => {
		session.send(pdu.response());
		session.close();
	});
});

server.listen(0, '127.0.0.1', () => {
	fs.writeFileSync('port.new', `${server.address().port}\n`);
	fs.renameSync('port.new', 'port');
});
